import { useTranslation } from "react-i18next";

import { Empty } from "../components/Empty";
import { TextLink } from "../components/LinkButton";
import { Page } from "../components/Page";
import type { PLACES } from "./places";

/** A page that is there, and not for this person's role. */
export default function Refused({ place }: { place: (typeof PLACES)[number]["key"] }) {
  const { t } = useTranslation();
  return (
    <Page title={t("refused.title")}>
      <Empty title={t(`places.${place}.name`)} action={<TextLink to="/">{t("missing.home")}</TextLink>}>
        {t("refused.text")}
      </Empty>
    </Page>
  );
}
