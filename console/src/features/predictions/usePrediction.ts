import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { predictionQuery, type Asked } from "./api";
import { useDebounced } from "./useDebounced";

/** What the model says of a record as it is typed; ``settled`` once the answer is that of the record as it stands. */
export function usePrediction(asked: Asked, ready: boolean) {
  const calm = useDebounced(asked);
  const isCurrent = JSON.stringify(calm) === JSON.stringify(asked);
  const query = useQuery({ ...predictionQuery(calm), enabled: ready && isCurrent, placeholderData: keepPreviousData });
  return { query, settled: ready && isCurrent && query.isSuccess && !query.isPlaceholderData };
}
