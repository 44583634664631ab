import { Outlet, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Empty } from "../components/Empty";
import { TextLink } from "../components/LinkButton";
import { Page } from "../components/Page";
import { useMay } from "../lib/session";
import { PLACES } from "./places";

/** The page of an address, or a word on why this person does not get it: the menu never leads there. */
export function Guarded() {
  const { t } = useTranslation();
  const may = useMay();
  const path = useLocation({ select: (location) => location.pathname });
  const place = PLACES.find(({ to }) => to !== "/" && (path === to || path.startsWith(`${to}/`)));
  if (!place || may(place.needs)) return <Outlet />;
  return (
    <Page title={t("refused.title")}>
      <Empty title={t(`places.${place.key}.name`)} action={<TextLink to="/">{t("missing.home")}</TextLink>}>
        {t("refused.text")}
      </Empty>
    </Page>
  );
}
