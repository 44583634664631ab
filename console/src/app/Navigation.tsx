import { Box } from "@mui/material";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Icon } from "../components/Icon";
import { useMay } from "../lib/session";
import { PLACES } from "./places";

/** The menu's entries. */
export function Navigation({ onGo }: { onGo?: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <Box component="nav" aria-label={t("menu.main")}>
      <Box component="ul" sx={ENTRIES}>
        {PLACES.filter(({ needs }) => may(needs)).map(({ to, key }) => (
          <li key={to}>
            <Link to={to} onClick={onGo} activeOptions={{ exact: to === "/" }}>
              <Icon name={key} />
              {t(`places.${key}.name`)}
            </Link>
          </li>
        ))}
      </Box>
    </Box>
  );
}

// Plain links: Material's list would bring more to the first load than all of this.
const ENTRIES = {
  listStyle: "none",
  m: 0,
  p: 1,
  "& a": {
    display: "flex",
    alignItems: "center",
    gap: 1.5,
    px: 1.5,
    py: 1.25,
    mb: 0.25,
    borderRadius: 1,
    color: "text.secondary",
    textDecoration: "none",
    "&:hover": { bgcolor: "action.hover" },
    "&:focus-visible": { outline: "2px solid", outlineColor: "primary.main", outlineOffset: -2 },
    "&[aria-current]": { bgcolor: "rgba(var(--mui-palette-primary-mainChannel) / 0.1)", color: "primary.main", fontWeight: 600 },
  },
} as const;
