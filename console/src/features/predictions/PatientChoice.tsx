import { Autocomplete, TextField } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { namesQuery } from "./api";
import { useDebounced } from "./useDebounced";

interface Props {
  patient: Patient | undefined;
  label: string;
  hint: string;
  onChange: (id: string | undefined) => void;
}

/** Find a patient by the beginning of their names. What is typed here stays out of the page's address. */
export function PatientChoice({ patient, label, hint, onChange }: Props) {
  const { t } = useTranslation("predictions");
  const [text, setText] = useState("");
  const search = useDebounced(text.trim());
  const found = useQuery({ ...namesQuery(search), enabled: search !== "" && search !== nameOf(patient) });
  return (
    <Autocomplete
      sx={{ minWidth: 260, flexGrow: 1, maxWidth: 420 }}
      options={found.data?.items ?? []}
      loading={found.isFetching}
      value={patient ?? null}
      inputValue={text}
      onInputChange={(_, typed) => setText(typed)}
      onChange={(_, chosen) => onChange(chosen?.id)}
      filterOptions={(options) => options}
      getOptionLabel={nameOf}
      getOptionKey={(option) => option.id}
      isOptionEqualToValue={(one, other) => one.id === other.id}
      renderOption={(props, option) => (
        <li {...props} key={option.id}>
          {t("patient.option", { name: nameOf(option), age: option.age })}
        </li>
      )}
      noOptionsText={search === "" ? t("patient.type") : t("patient.none")}
      loadingText={t("patient.searching")}
      renderInput={(params) => <TextField {...params} label={label} helperText={hint} />}
    />
  );
}

function nameOf(patient: Patient | undefined): string {
  return patient ? `${patient.first_name} ${patient.last_name}` : "";
}
