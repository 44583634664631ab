export { HospitalPage } from "./HospitalPage";
