import { Alert, Button, FormControlLabel, Stack, Switch } from "@mui/material";
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import type { SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import type { Charge, Standing } from "../../api-client/schema";
import type { Column } from "../../components/DataTable";
import { DecimalField } from "../../components/DecimalField";
import { Empty } from "../../components/Empty";
import { Failure } from "../../components/Failure";
import { Fetched } from "../../components/Fetched";
import { Hint } from "../../components/Hint";
import { useNotify } from "../../components/Notices";
import { PagedTable } from "../../components/PagedTable";
import { Panel } from "../../components/Panel";
import { BudgetBar } from "../../components/privacy/BudgetBar";
import { budgetQuery } from "../../components/privacy/budget";
import { decimalSign, numberOf, textOf } from "../../lib/decimal";
import { useKept } from "../../lib/drafts";
import { format } from "../../lib/i18n";
import { chargesQuery, setBudget } from "./api";
import { useKindWords } from "./useKindWords";

/** What all runs together have cost each patient, what is left, and every charge. */
export function PrivacyBudget() {
  const { t } = useTranslation("hospital");
  const budget = useQuery(budgetQuery);
  const charges = useInfiniteQuery(chargesQuery);
  return (
    <Stack spacing={3}>
      <Panel title={t("privacy.title")} hint={t("privacy.hint")}>
        <Fetched query={budget}>
          {(standing) => (
            <Stack spacing={2}>
              <BudgetBar budget={standing.epsilon} spent={standing.spent} />
              {standing.unbounded_runs > 0 && (
                <Alert severity="warning">{t("privacy.unbounded", { count: standing.unbounded_runs })}</Alert>
              )}
              <BudgetForm key={standing.set_at} standing={standing} />
            </Stack>
          )}
        </Fetched>
      </Panel>
      <Panel title={t("privacy.ledger")} hint={t("privacy.ledgerHint")}>
        <PagedTable
          label={t("privacy.ledger")}
          columns={useColumns()}
          id={(charge) => charge.seq}
          query={charges}
          empty={<Empty title={t("privacy.empty.title")}>{t("privacy.empty.text")}</Empty>}
        />
      </Panel>
    </Stack>
  );
}

function BudgetForm({ standing }: { standing: Standing }) {
  const { t } = useTranslation("hospital");
  const common = useTranslation();
  const notify = useNotify();
  const [epsilon, setEpsilon] = useKept("budget epsilon", textOf(standing.epsilon, decimalSign()));
  const [delta, setDelta] = useKept("budget delta", textOf(standing.delta, decimalSign()));
  const [privateOnly, setPrivateOnly] = useKept("budget private", standing.private_only);
  const setting = useMutation({
    mutationFn: setBudget,
    onSuccess: () => notify({ text: t("privacy.saved"), severity: "success" }),
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const [most, chance] = [numberOf(epsilon, decimalSign()), numberOf(delta, decimalSign())];
    if (most !== null && chance !== null) setting.mutate({ epsilon: most, delta: chance, private_only: privateOnly });
  }

  return (
    <Stack component="form" onSubmit={submit} spacing={2} sx={{ maxWidth: 520 }}>
      {setting.error && <Failure error={setting.error} />}
      <DecimalField label={t("privacy.epsilon")} hint={t("epsilonMeans")} required value={epsilon} onChange={setEpsilon} />
      <DecimalField label={t("privacy.delta")} hint={t("privacy.deltaMeans")} required value={delta} onChange={setDelta} />
      <FormControlLabel
        control={<Switch checked={privateOnly} onChange={(_, checked) => setPrivateOnly(checked)} />}
        label={t("privacy.privateOnly")}
      />
      <Button type="submit" variant="contained" loading={setting.isPending} sx={{ alignSelf: "flex-start" }}>
        {common.t("save")}
      </Button>
    </Stack>
  );
}

function useColumns(): Column<Charge>[] {
  const { t } = useTranslation("hospital");
  const { moment, number } = format();
  const kind = useKindWords();
  return [
    { key: "seq", name: t("privacy.row"), cell: (charge) => charge.seq, numeric: true },
    { key: "at", name: t("left.at"), cell: (charge) => moment(charge.at) },
    { key: "task", name: t("privacy.task"), cell: (charge) => charge.task },
    { key: "kind", name: t("privacy.kind"), cell: (charge) => t(`privacy.kinds.${charge.kind}`) },
    { key: "what", name: t("left.what"), cell: (charge) => (charge.what === null ? "" : kind(charge.what)) },
    { key: "round", name: t("left.round"), cell: (charge) => charge.round ?? "", numeric: true },
    {
      key: "epsilon",
      name: <Hint text={t("privacy.togetherMeans")}>{t("privacy.together")}</Hint>,
      cell: (charge) => (charge.epsilon === null ? t("left.unbounded") : number(charge.epsilon, 4)),
      numeric: true,
    },
  ];
}
