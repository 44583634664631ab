import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { DataTable } from "../../components/DataTable";
import { Fetched } from "../../components/Fetched";
import { Panel } from "../../components/Panel";
import { format } from "../../lib/i18n";
import { deedsQuery } from "./api";

/** Who did what with a patient's record, as the audit log has it. */
export function Deeds({ patientId }: { patientId: string }) {
  const { t } = useTranslation("patients");
  const query = useQuery(deedsQuery(patientId));
  const { moment } = format();
  return (
    <Panel title={t("deeds.title")} hint={t("deeds.hint")}>
      <Fetched query={query}>
        {({ items }) => (
          <DataTable
            label={t("deeds.label")}
            columns={[
              { key: "at", name: t("deeds.at"), cell: ({ at }) => moment(at) },
              { key: "who", name: t("deeds.who"), cell: ({ actor_name, actor }) => actor_name ?? actor ?? "–" },
              { key: "what", name: t("deeds.what"), cell: ({ action }) => t(`deeds.actions.${action}`, action) },
              { key: "outcome", name: t("deeds.outcome"), cell: ({ outcome }) => t(`deeds.outcomes.${outcome}`, outcome) },
            ]}
            rows={items}
            id={({ seq }) => seq}
          />
        )}
      </Fetched>
    </Panel>
  );
}
