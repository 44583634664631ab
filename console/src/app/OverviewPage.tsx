import { Card, CardActionArea, CardContent, Typography } from "@mui/material";
import Grid from "@mui/material/Grid";
import { createLink } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "../components/Page";
import { useMay, useMe } from "../lib/session";
import { PLACES } from "./places";

const Target = createLink(CardActionArea);

/** Where somebody who has just signed in begins: what there is for them, and what each of it is for. */
export function OverviewPage() {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  const lead = me.institution ? t("overview.at", { institution: me.institution }) : t("overview.consortium");
  return (
    <Page title={t("overview.title", { name: me.name })} lead={lead}>
      <Typography variant="h2">{t("overview.first")}</Typography>
      <Grid container spacing={2}>
        {PLACES.filter(({ to, needs }) => to !== "/" && may(needs)).map(({ to, key }) => (
          <Grid key={key} size={{ xs: 12, sm: 6, lg: 4 }}>
            <Card sx={{ height: "100%" }}>
              <Target to={to} sx={{ height: "100%" }}>
                <CardContent>
                  <Typography variant="h3">{t(`places.${key}.name`)}</Typography>
                  <Typography sx={{ color: "text.secondary", mt: 0.5 }}>{t(`places.${key}.text`)}</Typography>
                </CardContent>
              </Target>
            </Card>
          </Grid>
        ))}
      </Grid>
    </Page>
  );
}
