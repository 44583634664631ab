import { Alert } from "@mui/material";
import { useTranslation } from "react-i18next";

import { LinkButton } from "../../components/LinkButton";

/** It is in the history now, and where to find it. */
export function Recorded({ task }: { task: string }) {
  const { t } = useTranslation("predictions");
  return (
    <Alert
      severity="success"
      sx={{ mt: 2 }}
      action={
        <LinkButton to="/history" search={{ task }} color="inherit" size="small">
          {t("record.see")}
        </LinkButton>
      }
    >
      {t("record.done")}
    </Alert>
  );
}
