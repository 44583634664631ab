import { Box, Button } from "@mui/material";
import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "../components/Failure";
import { Page } from "../components/Page";
import { Problem } from "../lib/api";
import { hasDrafts } from "../lib/drafts";
import { forgetFailedPages, NotLoaded } from "../lib/lazyPage";
import { reloadOnce } from "../lib/version";

/** No page has this address. */
export function Missing() {
  const { t } = useTranslation();
  return (
    <Box component="main" sx={ALONE}>
      <Page title={t("missing.title")} lead={t("missing.text")}>
        <Link to="/">{t("missing.home")}</Link>
      </Page>
    </Box>
  );
}

/** A page that broke, or whose first data could not be had. */
export function Crash({ error, reset }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  async function again(): Promise<void> {
    forgetFailedPages();
    await router.invalidate();
    reset();
  }
  if (error instanceof NotLoaded && error.replaced) return <Replaced />;
  if (error instanceof Problem) {
    return (
      <Box sx={ALONE}>
        <Failure error={error} retry={() => void again()} />
      </Box>
    );
  }
  return (
    <Page title={t("crash.title")} lead={t("crash.text")}>
      <Reload />
    </Page>
  );
}

/** A page's file is gone, as another version of the console is served now: that one comes where nothing is lost by it. */
function Replaced() {
  const { t } = useTranslation();
  const [typed] = useState(hasDrafts);
  useEffect(() => {
    if (!typed) reloadOnce();
  }, [typed]);
  return (
    <Page title={t("replaced.title")} lead={t(typed ? "replaced.typed" : "replaced.text")}>
      <Reload />
    </Page>
  );
}

function Reload() {
  const { t } = useTranslation();
  return (
    <Button variant="contained" sx={{ alignSelf: "flex-start" }} onClick={() => location.reload()}>
      {t("crash.reload")}
    </Button>
  );
}

const ALONE = { maxWidth: 1200, mx: "auto", px: 3, py: 6 } as const;
