import { useQuery } from "@tanstack/react-query";

import { api, taken } from "../../lib/api";
import { format } from "../../lib/i18n";

/** How a figure of a task's is written: an error in what is predicted has its unit, where a version says which. */
export function useFigureWords(): (task: string, figure: string, value: number) => string {
  const status = useQuery({
    queryKey: ["models", "status"],
    queryFn: ({ signal }) => taken(api.GET("/api/model/status", { signal })),
  });
  const { number, quantity } = format();
  return (task, figure, value) => {
    const unit = figure === "mae" ? status.data?.tasks.find((each) => each.task === task)?.unit : null;
    return unit ? quantity(value, unit) : number(value, Math.abs(value) < 1000 ? 4 : 0);
  };
}
