export { AddPage } from "./AddPage";
export { EditPage } from "./EditPage";
export { ImportPage } from "./ImportPage";
export { PatientPage } from "./PatientPage";
export { PatientsPage } from "./PatientsPage";
