import Grid from "@mui/material/Grid";
import { useTranslation } from "react-i18next";

import type { Round } from "../../api-client/schema";
import { Chart, type Series } from "../../components/charts/Chart";
import { Empty } from "../../components/Empty";
import { Panel } from "../../components/Panel";
import { figuresOf, institutionsWith, ownValues, TRAIN_LOSS, valuesOf } from "./metrics";
import { useFigureWords } from "./useFigureWords";

/** More lines than these cannot be told apart. */
const MOST_INSTITUTIONS = 5;

/** Loss and figures over the rounds: of all hospitals together, and of those whose own one may see. */
export function Figures({ task, rounds, ended }: { task: string; rounds: readonly Round[]; ended: boolean }) {
  const { t } = useTranslation("training");
  const names = figuresOf(rounds);
  if (names.length === 0) {
    return (
      <Panel title={t("figures.title")}>
        <Empty title={t("figures.none")}>{t(ended ? "figures.noneEver" : "figures.noneYet")}</Empty>
      </Panel>
    );
  }
  return (
    <Panel title={t("figures.title")} hint={t("figures.hint")}>
      <Grid container spacing={3}>
        {names.map((name) => (
          <Grid key={name} size={{ xs: 12, md: 6, lg: names.length % 3 === 0 ? 4 : 6, xl: 4 }}>
            <Figure task={task} name={name} rounds={rounds} />
          </Grid>
        ))}
      </Grid>
    </Panel>
  );
}

function Figure({ task, name, rounds }: { task: string; name: string; rounds: readonly Round[] }) {
  const { t } = useTranslation("training");
  const write = useFigureWords();
  return (
    <Chart
      kind="line"
      title={t(`metrics.${name}.name`, { defaultValue: name })}
      hint={t(`metrics.${name}.hint`, { defaultValue: "" })}
      at={rounds.map(({ round }) => round)}
      atName={t("round")}
      series={useSeries(name, rounds)}
      say={(value) => write(task, name, value)}
    />
  );
}

function useSeries(name: string, rounds: readonly Round[]): Series[] {
  const { t } = useTranslation("training");
  const all = { name: t("figures.all"), values: valuesOf(rounds, name) };
  const training = { name: t("figures.training"), values: valuesOf(rounds, TRAIN_LOSS) };
  const own = institutionsWith(rounds, name)
    .slice(0, MOST_INSTITUTIONS)
    .map((institution) => ({ name: institution, values: ownValues(rounds, institution, name) }));
  return [all, ...(name === "loss" ? [training] : []), ...own].filter(({ values }) => values.some((value) => value !== null));
}
