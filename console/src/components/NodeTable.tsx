import { useTranslation } from "react-i18next";

import type { Client } from "../api-client/schema";
import { format } from "../lib/i18n";
import { DataTable } from "./DataTable";
import { Empty } from "./Empty";
import { Status } from "./Status";

const SOON_MS = 14 * 86_400_000;

/** Institutions' nodes: who is there, with how many records, and how long the certificate still counts. */
export function NodeTable({ nodes }: { nodes: readonly Client[] }) {
  const { t } = useTranslation("nodes");
  const { ago, date, number } = format();
  if (nodes.length === 0) return <Empty title={t("empty.title")}>{t("empty.text")}</Empty>;
  return (
    <DataTable
      label={t("label")}
      rows={nodes}
      id={(node) => node.node_id}
      columns={[
        { key: "name", name: t("institution"), cell: (node) => node.institution },
        {
          key: "state",
          name: t("state"),
          cell: (node) => <Status label={t(node.is_online ? "online" : "offline")} tone={node.is_online ? "success" : "warning"} />,
        },
        { key: "seen", name: t("seen"), cell: (node) => ago(node.last_seen_at) },
        {
          key: "records",
          name: t("records"),
          cell: (node) =>
            Object.entries(node.records)
              .map(([task, count]) => `${task}: ${number(count)}`)
              .join(", ") || t("untold"),
        },
        { key: "software", name: t("software"), cell: (node) => node.software ?? "" },
        {
          key: "certificate",
          name: t("certificate"),
          cell: ({ certificate_expires_at: end }) =>
            end && (new Date(end).getTime() - Date.now() < SOON_MS ? <Status label={date(end)} tone="warning" /> : date(end)),
        },
      ]}
    />
  );
}
