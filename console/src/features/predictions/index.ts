export { HistoryPage } from "./HistoryPage";
export { PredictPage } from "./PredictPage";
