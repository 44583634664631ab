import { MenuItem, Stack, TextField, Typography } from "@mui/material";
import { useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { LinkButton } from "../../components/LinkButton";
import { format } from "../../lib/i18n";
import { SIZES, type Listing } from "./search";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The cursors of the pages before this one; an empty text for the first. */
    trail?: string[];
  }
}

/** The pages before this one; undefined where the address was opened in the middle of a listing. */
export function useTrail(): string[] | undefined {
  const { state, search } = useLocation();
  return "cursor" in search ? state.trail : [];
}

interface Props {
  /** How many rows are shown; undefined while those of another page still are. */
  shown: number | undefined;
  count: number | undefined;
  /** Where the next page begins; null where there is none, or it is not known yet. */
  next: string | null;
  trail: string[] | undefined;
  listing: Listing;
  onSize: (limit: Listing["limit"]) => void;
}

export function Pager({ shown, count, next, trail, listing, onSize }: Props) {
  const { t } = useTranslation("patients");
  const { number } = format();
  const size = listing.limit ?? 50;
  const before = trail?.length ? trail.at(-1) : undefined;
  const first = trail ? trail.length * size + 1 : undefined;
  return (
    <Stack
      component="nav"
      aria-label={t("pages.label")}
      direction="row"
      sx={{ alignItems: "center", flexWrap: "wrap", gap: 1, p: 1.5 }}
    >
      <Typography sx={{ flexGrow: 1, color: "text.secondary" }}>
        {first !== undefined && !!shown && t("pages.range", { from: number(first), to: number(first + shown - 1) })}
        {count !== undefined && ` ${t("pages.of", { number: number(count) })}`}
      </Typography>
      <TextField
        select
        fullWidth={false}
        label={t("pages.size")}
        value={size}
        onChange={(event) => onSize(SIZES.find((each) => each === Number(event.target.value)))}
        sx={{ minWidth: 130 }}
      >
        {SIZES.map((each) => (
          <MenuItem key={each} value={each}>
            {each}
          </MenuItem>
        ))}
      </TextField>
      {listing.cursor !== undefined && (
        <LinkButton from="/patients" to="." search={(now) => ({ ...now, cursor: undefined })} resetScroll>
          {t("pages.first")}
        </LinkButton>
      )}
      <LinkButton
        from="/patients"
        to="."
        search={(now) => ({ ...now, cursor: before === "" ? undefined : before })}
        state={{ trail: trail?.slice(0, -1) }}
        disabled={before === undefined}
      >
        {t("pages.previous")}
      </LinkButton>
      <LinkButton
        from="/patients"
        to="."
        search={(now) => ({ ...now, cursor: next ?? undefined })}
        state={{ trail: trail && [...trail, listing.cursor ?? ""] }}
        disabled={next === null}
      >
        {t("pages.next")}
      </LinkButton>
    </Stack>
  );
}
