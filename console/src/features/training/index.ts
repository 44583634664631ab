export { ComparePage } from "./ComparePage";
export { RunPage } from "./RunPage";
export { TrainingPage } from "./TrainingPage";
