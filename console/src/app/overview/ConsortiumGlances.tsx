import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Fetched } from "../../components/Fetched";
import { nodesQuery } from "../../components/nodes";
import { readinessQuery } from "../../components/readiness";
import { format } from "../../lib/i18n";
import { anyHospitalQuery } from "./api";
import { Aside, Glance, Main } from "./Glance";

/** How many hospitals' nodes are there, and whose are not. */
function NodesGlance() {
  const { t } = useTranslation("overview");
  const { number } = format();
  const nodes = useQuery(nodesQuery);
  const alone = useQuery(anyHospitalQuery).data === false;
  return (
    <Glance icon="consortium" title={t("nodes.title")} to="/consortium" search={{ part: alone ? "institutions" : "nodes" }}>
      <Fetched query={nodes} lines={2}>
        {({ items }) => {
          if (items.length === 0) return <Aside>{t(alone ? "nodes.noHospital" : "nodes.none")}</Aside>;
          const away = items.filter((node) => !node.is_online);
          return (
            <>
              <Main>
                {number(items.length - away.length)} {t("nodes.online", { count: items.length })}
              </Main>
              {away.length > 0 && <Aside>{t("nodes.away", { names: away.map((node) => node.institution).join(", ") })}</Aside>}
            </>
          );
        }}
      </Fetched>
    </Glance>
  );
}

/** Whether the gateway can do its work. */
function HealthGlance() {
  const { t } = useTranslation("overview");
  const readiness = useQuery(readinessQuery);
  return (
    <Glance icon="audit" title={t("health.title")} to="/consortium" search={{ part: "health" }}>
      <Fetched query={readiness} lines={2}>
        {({ database, models, faults, worker }) => {
          const count = Object.keys(faults ?? {}).length;
          return (
            <>
              <Main>{t(database && worker && count === 0 ? "health.ready" : "health.notReady")}</Main>
              <Aside>{t(database ? "health.database" : "health.noDatabase")}</Aside>
              {database && !worker && <Aside>{t("health.noWorker")}</Aside>}
              {models.length === 0 && count === 0 && <Aside>{t("health.noModel")}</Aside>}
              {count > 0 && <Aside>{t("health.faults", { count })}</Aside>}
            </>
          );
        }}
      </Fetched>
    </Glance>
  );
}

/** Whether everybody and everything is there. */
export default function ConsortiumGlances() {
  return (
    <>
      <NodesGlance />
      <HealthGlance />
    </>
  );
}
