import { Box, Button, Typography, useMediaQuery, type Theme } from "@mui/material";
import { useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { lazyPart } from "../components/lazyPart";
import { Progress } from "../components/Progress";
import { keepFocus } from "../lib/focus";
import { AccountMenu } from "./AccountMenu";
import { Guarded } from "./Guarded";
import { Navigation } from "./Navigation";
import { BAR_HEIGHT, MENU_WIDTH } from "./places";
import { useSignInAgain } from "./signInAgain";

const NarrowMenu = lazyPart(() => import("./NarrowMenu"));

/** What stands around every page: the menu, who is signed in, and a way straight to the content. */
export function Shell() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState(false);
  const wide = useMediaQuery((theme: Theme) => theme.breakpoints.up("md"));
  const busy = useRouterState({ select: (state) => state.status === "pending" });
  const main = useRef<HTMLElement>(null);
  useSignInAgain();
  useEffect(() => (main.current ? keepFocus(main.current) : undefined), []);

  function toggle(): void {
    setAsked(true);
    setOpen(!open);
  }

  return (
    <Box sx={{ display: "flex", minHeight: "100dvh" }}>
      <Button href="#content" variant="contained" sx={SKIP}>
        {t("skip")}
      </Button>
      <Box component="header" sx={BAR}>
        {!wide && (
          <Button color="inherit" aria-label={t("menu.open")} aria-expanded={open} onClick={toggle} sx={{ minWidth: 0, ml: -1 }}>
            <MenuIcon />
          </Button>
        )}
        <img src="/icon.svg" alt="" width={28} height={28} />
        <Typography sx={{ fontWeight: 700, flexGrow: 1 }}>FedCare</Typography>
        <AccountMenu />
        {busy && (
          <Box sx={{ position: "absolute", bottom: 0, insetInline: 0 }}>
            <Progress label={t("loading")} />
          </Box>
        )}
      </Box>
      {wide ? (
        <Box sx={BESIDE}>
          <Box sx={STAYS}>
            <Navigation />
          </Box>
        </Box>
      ) : (
        <Suspense>
          {asked && (
            <Box sx={{ position: "fixed", top: BAR_HEIGHT, left: 0, p: 1, zIndex: "drawer" }}>
              <NarrowMenu open={open} onClose={() => setOpen(false)}>
                <Navigation onGo={() => setOpen(false)} />
              </NarrowMenu>
            </Box>
          )}
        </Suspense>
      )}
      <Box component="main" ref={main} id="content" tabIndex={-1} sx={{ flexGrow: 1, minWidth: 0, pt: `${BAR_HEIGHT}px`, outline: "none" }}>
        <Box sx={{ maxWidth: 1536, mx: "auto", py: 3, px: { xs: 2, sm: 3 } }}>
          <Suspense fallback={<Progress label={t("loading")} />}>
            <Guarded />
          </Suspense>
        </Box>
      </Box>
    </Box>
  );
}

function MenuIcon() {
  return (
    <svg width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden>
      <path d="M3 6h18M3 12h18M3 18h18" />
    </svg>
  );
}

const BAR = {
  position: "fixed",
  top: 0,
  insetInline: 0,
  height: BAR_HEIGHT,
  px: { xs: 2, sm: 3 },
  display: "flex",
  alignItems: "center",
  gap: 1.5,
  bgcolor: "background.paper",
  borderBottom: 1,
  borderColor: "divider",
  zIndex: (theme: Theme) => theme.zIndex.drawer + 1,
} as const;

// The ground goes down as far as the page does; what stands on it stays in the window.
const BESIDE = { width: MENU_WIDTH, flexShrink: 0, bgcolor: "background.paper", borderRight: 1, borderColor: "divider" } as const;
const STAYS = { position: "sticky", top: 0, maxHeight: "100dvh", overflowY: "auto", pt: `${BAR_HEIGHT}px` } as const;

const SKIP = {
  position: "fixed",
  top: 8,
  left: 8,
  zIndex: 2000,
  transform: "translateY(-200%)",
  opacity: 0,
  "&:focus": { transform: "none", opacity: 1 },
} as const;
