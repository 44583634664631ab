import { Box, Button } from "@mui/material";
import { Link, useRouter, type ErrorComponentProps } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Empty } from "../components/Empty";
import { Failure } from "../components/Failure";
import { Problem } from "../lib/api";
import { forgetFailedPages } from "../lib/lazyPage";

/** No page has this address. */
export function Missing() {
  const { t } = useTranslation();
  return (
    <Empty title={t("missing.title")} action={<Link to="/">{t("missing.home")}</Link>}>
      {t("missing.text")}
    </Empty>
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
  if (error instanceof Problem) {
    return (
      <Box sx={{ maxWidth: 1200, mx: "auto", px: 3, py: 6 }}>
        <Failure error={error} retry={() => void again()} />
      </Box>
    );
  }
  const reload = (
    <Button variant="contained" onClick={() => location.reload()}>
      {t("crash.reload")}
    </Button>
  );
  return (
    <Empty title={t("crash.title")} action={reload}>
      {t("crash.text")}
    </Empty>
  );
}
