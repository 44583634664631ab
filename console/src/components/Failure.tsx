import { Alert, AlertTitle, Button } from "@mui/material";
import { useTranslation } from "react-i18next";

import { Problem } from "../lib/api";
import { hasDrafts } from "../lib/drafts";
import { format } from "../lib/i18n";
import { reasonOf } from "./reason";
import { useSaid } from "./useSaid";

interface Props {
  error: Error;
  /** Ask again; left out where that cannot help. */
  retry?: () => void;
}

/** What went wrong, what to do, and a way on. */
export function Failure({ error, retry }: Props) {
  const { t } = useTranslation();
  // Until they are there, and where the way to them is gone, the server's own words stand.
  const reasons = useTranslation("errors", { useSuspense: false });
  const speak = useSaid();
  const away = error instanceof Problem && error.status === 0;
  const said = error instanceof Problem && error.message !== "" ? reasonOf(error, reasons.t, format(), speak) : t("failure.unknown");
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
      {away ? t(hasDrafts() ? "failure.awayKept" : "failure.awayText") : said}
      {error instanceof Problem && error.requestId && error.status >= 500 && (
        <div>{t("failure.request", { id: error.requestId })}</div>
      )}
    </Alert>
  );
}
