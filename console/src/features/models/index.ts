export { ModelPage } from "./ModelPage";
export { ModelsPage } from "./ModelsPage";
