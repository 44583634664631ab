import { Box, Button, Card, Stack } from "@mui/material";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { Problem } from "../../lib/api";
import { format } from "../../lib/i18n";
import { save } from "../../lib/save";
import { useMay } from "../../lib/session";
import { countQuery, exportAll, pageQuery } from "./api";
import { useSendOnLeaving, useWaiting } from "./deletion";
import { FilterBar } from "./FilterBar";
import { Pager, useTrail } from "./Pager";
import { PatientTable } from "./PatientTable";
import { filtersOf, type Listing, type Sort } from "./search";
import { useWords } from "./words";

/** The institution's patients: found by name, narrowed, ordered, page by page. */
export function PatientsPage() {
  const { t } = useTranslation("patients");
  const may = useMay();
  const navigate = useNavigate({ from: "/patients" });
  const listing = useSearch({ from: "/inside/patients" });
  const [words, setWords] = useWords();
  const page = useQuery(pageQuery(listing, words));
  const count = useQuery(countQuery(listing, words));
  const waiting = useWaiting();
  const trail = useTrail();
  const [cleared, setCleared] = useState(0);
  useSendOnLeaving();

  /** Another listing begins at its first page. */
  const change = useCallback(
    (parts: Partial<Listing>) =>
      void navigate({ search: (before) => ({ ...before, ...parts, cursor: undefined }), replace: true }),
    [navigate],
  );
  /** The first click on a column orders by it, the second turns it round, however fast they follow each other. */
  const sortBy = useCallback(
    (key: Sort) =>
      void navigate({
        search: (before) => ({
          ...before,
          sort: key,
          order: key === (before.sort ?? "name") && !before.order ? "desc" : undefined,
          cursor: undefined,
        }),
        replace: true,
      }),
    [navigate],
  );
  function clear(): void {
    setWords("");
    setCleared(cleared + 1);
    void navigate({ search: ({ sort, order, limit }) => ({ sort, order, limit }), replace: true });
  }

  // A page of another listing, or of a search that this tab no longer knows: begin at the first one.
  const astray = listing.cursor !== undefined && page.error instanceof Problem && page.error.status === 422;
  useEffect(() => {
    if (astray) void navigate({ search: (before) => ({ ...before, cursor: undefined }), replace: true });
  }, [astray, navigate]);

  const narrowed = words !== "" || Object.keys(filtersOf(listing)).length > 0;
  return (
    <Page
      title={t("title")}
      lead={t("lead")}
      actions={
        <>
          {may("exportPatients") && <Export listing={listing} words={words} />}
          {may("importPatients") && (
            <LinkButton to="/patients/import" variant="outlined">
              {t("import.open")}
            </LinkButton>
          )}
          {may("createPatient") && (
            <LinkButton to="/patients/new" variant="contained">
              {t("add")}
            </LinkButton>
          )}
        </>
      }
    >
      <FilterBar
        key={cleared}
        filters={filtersOf(listing)}
        words={words}
        onWords={(next) => {
          setWords(next);
          if (listing.cursor) change({});
        }}
        onChange={change}
        onClear={clear}
      />
      <Card aria-busy={page.isPlaceholderData} sx={{ opacity: page.isPlaceholderData ? 0.6 : 1 }}>
        <Fetched query={page} lines={10}>
          {({ items, next }) => {
            const rows = waiting ? items.filter(({ id }) => id !== waiting) : items;
            if (rows.length === 0 && listing.cursor === undefined) return <Nobody narrowed={narrowed} onClear={clear} />;
            return (
              <>
                <PatientTable rows={rows} sort={listing.sort ?? "name"} order={listing.order} onSort={sortBy} />
                <Pager
                  shown={page.isPlaceholderData ? undefined : rows.length}
                  count={count.data}
                  next={page.isPlaceholderData ? null : next}
                  trail={trail}
                  listing={listing}
                  onSize={(limit) => change({ limit })}
                />
              </>
            );
          }}
        </Fetched>
      </Card>
      <Box role="status" sx={HIDDEN}>
        {count.data !== undefined && t("matching", { count: count.data, number: format().number(count.data) })}
      </Box>
    </Page>
  );
}

function Nobody({ narrowed, onClear }: { narrowed: boolean; onClear: () => void }) {
  const { t } = useTranslation("patients");
  const may = useMay();
  if (narrowed)
    return (
      <Empty title={t("empty.narrowed")} action={<Button onClick={onClear}>{t("filters.clear")}</Button>}>
        {t("empty.narrowedText")}
      </Empty>
    );
  return (
    <Empty
      title={t("empty.title")}
      action={
        <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap", justifyContent: "center" }}>
          {may("createPatient") && (
            <LinkButton to="/patients/new" variant="contained">
              {t("empty.add")}
            </LinkButton>
          )}
          {may("importPatients") && (
            <LinkButton to="/patients/import" variant="outlined">
              {t("empty.import")}
            </LinkButton>
          )}
        </Stack>
      }
    >
      {t("empty.text")}
    </Empty>
  );
}

function Export({ listing, words }: { listing: Listing; words: string }) {
  const { t } = useTranslation("patients");
  const file = useMutation({
    mutationFn: () => exportAll(filtersOf(listing), words),
    onSuccess: (content) => save(content, "patients.csv"),
  });
  return (
    <>
      <Button loading={file.isPending} onClick={() => file.mutate()}>
        {t("export")}
      </Button>
      {file.error && <Failure error={file.error} retry={() => file.mutate()} />}
    </>
  );
}

const HIDDEN = { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" } as const;
