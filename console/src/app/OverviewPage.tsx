import { Box, Card, CardActionArea, CardContent, Typography } from "@mui/material";
import { createLink } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Page } from "../components/Page";
import { useMay, useMe } from "../lib/session";
import { PLACES } from "./places";

const Target = createLink(CardActionArea);
const CARDS = { display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(min(100%, 280px), 1fr))" } as const;

/** Where somebody who has just signed in begins: what there is for them, and what each of it is for. */
export function OverviewPage() {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  const lead = me.institution ? t("overview.at", { institution: me.institution }) : t("overview.consortium");
  return (
    <Page title={t("overview.title", { name: me.name })} lead={lead}>
      <Typography variant="h2">{t("overview.first")}</Typography>
      <Box sx={CARDS}>
        {PLACES.filter(({ to, needs }) => to !== "/" && may(needs)).map(({ to, key }) => (
          <Card key={key}>
            <Target to={to} sx={{ height: "100%" }}>
              <CardContent>
                <Typography variant="h3">{t(`places.${key}.name`)}</Typography>
                <Typography sx={{ color: "text.secondary", mt: 0.5 }}>{t(`places.${key}.text`)}</Typography>
              </CardContent>
            </Target>
          </Card>
        ))}
      </Box>
    </Page>
  );
}
