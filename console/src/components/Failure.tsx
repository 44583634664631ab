import { Alert, AlertTitle, Button } from "@mui/material";
import { useTranslation } from "react-i18next";

import { Problem } from "../lib/api";

interface Props {
  error: Error;
  /** Ask again; left out where that cannot help. */
  retry?: () => void;
}

/** What went wrong in the server's own words, what to do, and a way on. */
export function Failure({ error, retry }: Props) {
  const { t } = useTranslation();
  const away = error instanceof Problem && error.status === 0;
  const said = error instanceof Problem && error.message !== "" ? error.message : t("failure.unknown");
  return (
    <Alert
      severity={away ? "warning" : "error"}
      action={
        retry && (
          <Button color="inherit" size="small" onClick={retry}>
            {t("failure.retry")}
          </Button>
        )
      }
    >
      <AlertTitle>{away ? t("failure.away") : t("failure.title")}</AlertTitle>
      {away ? t("failure.awayText") : said}
      {error instanceof Problem && error.requestId && error.status >= 500 && (
        <div>{t("failure.request", { id: error.requestId })}</div>
      )}
    </Alert>
  );
}
