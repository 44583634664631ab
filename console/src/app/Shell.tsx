import {
  AppBar,
  Box,
  Button,
  Container,
  IconButton,
  LinearProgress,
  List,
  ListItemButton,
  ListItemText,
  Toolbar,
  Typography,
  useMediaQuery,
  type Theme,
} from "@mui/material";
import { createLink, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { queries } from "../lib/query";
import { onSessionEnd } from "../lib/renewal";
import { useMay } from "../lib/session";
import { AccountMenu } from "./AccountMenu";
import { Guarded } from "./Guarded";
import { MENU_WIDTH, PLACES } from "./places";

const NarrowMenu = lazy(() => import("./NarrowMenu"));
const NavigationLink = createLink(ListItemButton);

/** What stands around every page: the menu, who is signed in, and a way straight to the content. */
export function Shell() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState(false);
  const wide = useMediaQuery((theme: Theme) => theme.breakpoints.up("md"));
  const busy = useRouterState({ select: (state) => state.status === "pending" });
  useSignInAgain();

  function toggle(): void {
    setAsked(true);
    setOpen(!open);
  }

  return (
    <Box sx={{ display: "flex", minHeight: "100dvh" }}>
      <Button href="#content" variant="contained" sx={SKIP}>
        {t("skip")}
      </Button>
      <AppBar position="fixed" color="default" elevation={0} sx={{ borderBottom: 1, borderColor: "divider", zIndex: (theme) => theme.zIndex.drawer + 1 }}>
        <Toolbar sx={{ gap: 1.5 }}>
          {!wide && (
            <IconButton edge="start" aria-label={t("menu.open")} aria-expanded={open} onClick={toggle}>
              <MenuIcon />
            </IconButton>
          )}
          <img src="/icon.svg" alt="" width={28} height={28} />
          <Typography sx={{ fontWeight: 700, flexGrow: 1 }}>FedCare</Typography>
          <AccountMenu />
        </Toolbar>
        {busy && <LinearProgress aria-label={t("loading")} sx={{ position: "absolute", bottom: 0, insetInline: 0 }} />}
      </AppBar>
      {wide ? (
        <Box sx={BESIDE}>
          <Navigation onGo={() => undefined} />
        </Box>
      ) : (
        <Suspense>
          {asked && (
            <NarrowMenu open={open} onClose={() => setOpen(false)}>
              <Navigation onGo={() => setOpen(false)} />
            </NarrowMenu>
          )}
        </Suspense>
      )}
      <Box component="main" id="content" tabIndex={-1} sx={{ flexGrow: 1, minWidth: 0, outline: "none" }}>
        <Toolbar />
        <Container maxWidth="xl" sx={{ py: 3 }}>
          <Suspense fallback={<LinearProgress aria-label={t("loading")} />}>
            <Guarded />
          </Suspense>
        </Container>
      </Box>
    </Box>
  );
}

function Navigation({ onGo }: { onGo: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <List component="nav" aria-label={t("menu.main")} sx={{ px: 1 }}>
      {PLACES.filter(({ needs }) => may(needs)).map(({ to, key }) => (
        <NavigationLink
          key={to}
          to={to}
          onClick={onGo}
          activeOptions={{ exact: to === "/" }}
          activeProps={{ selected: true }}
          sx={{ borderRadius: 2, mb: 0.5 }}
        >
          <ListItemText primary={t(`places.${key}.name`)} />
        </NavigationLink>
      ))}
    </List>
  );
}

/** Where the session has ended, here or elsewhere, sign in again and come back to this very place. */
function useSignInAgain(): void {
  const navigate = useNavigate();
  useEffect(
    () =>
      onSessionEnd(() => {
        queries.clear();
        const to = location.pathname + location.search;
        void navigate({ to: "/sign-in", search: { to, ended: true } });
      }),
    [navigate],
  );
}

function MenuIcon() {
  return (
    <svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden>
      <path d="M3 6h18M3 12h18M3 18h18" />
    </svg>
  );
}

const BESIDE = {
  width: MENU_WIDTH,
  flexShrink: 0,
  position: "sticky",
  top: 0,
  height: "100dvh",
  overflowY: "auto",
  pt: 8,
  bgcolor: "background.paper",
  borderRight: 1,
  borderColor: "divider",
} as const;

const SKIP = {
  position: "fixed",
  top: 8,
  left: 8,
  zIndex: 2000,
  transform: "translateY(-200%)",
  "&:focus": { transform: "none" },
} as const;
