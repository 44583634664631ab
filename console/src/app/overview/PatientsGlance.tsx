import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Fetched } from "../../components/Fetched";
import { format } from "../../lib/i18n";
import { patientsQuery } from "./api";
import { Aside, Glance, Main } from "./Glance";

/** How many patients' records the hospital has here. */
export function PatientsGlance() {
  const { t } = useTranslation("overview");
  const count = useQuery(patientsQuery);
  return (
    <Glance icon="patients" title={t("patients.title")} to="/patients">
      <Fetched query={count} lines={2}>
        {(found) =>
          found === 0 ? (
            <Aside>{t("patients.none")}</Aside>
          ) : (
            <>
              <Main>{format().number(found)}</Main>
              <Aside>{t("patients.count", { count: found })}</Aside>
            </>
          )
        }
      </Fetched>
    </Glance>
  );
}
