export { ConsortiumPage } from "./ConsortiumPage";
