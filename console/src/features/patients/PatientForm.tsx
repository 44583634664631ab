import { Alert, Autocomplete, Button, Grid, MenuItem, Stack, TextField } from "@mui/material";
import { useEffect, useId, useRef, type ReactNode, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "../../components/Failure";
import { useSaid } from "../../components/useSaid";
import { DIGITS, faultsOf, FIELDS, REGIONS, type FieldName, type Typed } from "./fields";
import { SEXES, SMOKERS } from "./search";

interface Props {
  typed: Typed;
  onChange: (typed: Typed) => void;
  onSubmit: () => void;
  /** What the gateway answered: the fields that it names are marked. */
  error: Error | null;
  busy: boolean;
  action: string;
  /** Whether this was typed at an earlier look at the form. */
  found: boolean;
  onDiscard: () => void;
  cancel: ReactNode;
}

/** A patient's record to fill in. What is right is the gateway's to say; units and ranges stand at the fields. */
export function PatientForm({ typed, onChange, onSubmit, error, busy, action, found, onDiscard, cancel }: Props) {
  const { t } = useTranslation("patients");
  const faults = faultsOf(error);
  const form = useRef<HTMLFormElement>(null);
  const elsewhere = error && Object.keys(faults).length === 0;
  useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [error]);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    onSubmit();
  }

  return (
    <Stack component="form" ref={form} noValidate onSubmit={submit} spacing={3} autoComplete="off">
      {found && (
        <Alert
          severity="info"
          action={
            <Button color="inherit" size="small" onClick={onDiscard}>
              {t("form.discard")}
            </Button>
          }
        >
          {t("form.found")}
        </Alert>
      )}
      {elsewhere && <Failure error={error} />}
      {error && !elsewhere && <Alert severity="error">{t("form.faults", { count: Object.keys(faults).length })}</Alert>}
      <Grid container spacing={2.5}>
        {FIELDS.map((name) => (
          <Grid key={name} size={{ xs: 12, sm: 6, lg: 4 }}>
            <Field
              name={name}
              value={typed[name]}
              fault={faults[name]}
              onChange={(value) => onChange({ ...typed, [name]: value })}
            />
          </Grid>
        ))}
      </Grid>
      <Stack direction="row" sx={{ gap: 1 }}>
        <Button type="submit" variant="contained" loading={busy}>
          {action}
        </Button>
        {cancel}
      </Stack>
    </Stack>
  );
}

interface FieldProps {
  name: FieldName;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}

function Field({ name, value, fault, onChange }: FieldProps) {
  const { t } = useTranslation("patients");
  const say = useSaid();
  const id = useId();
  const shared = {
    id,
    label: t(`fields.${name}`),
    required: name !== "insurance_cost",
    error: fault !== undefined,
    helperText: fault === undefined ? t(`help.${name}`) : t(`wrong.${name}`, say(fault)),
  };
  if (name === "region")
    return (
      <Autocomplete
        id={id}
        freeSolo
        options={REGIONS}
        inputValue={value}
        onInputChange={(_, text) => onChange(text)}
        renderInput={(parts) => <TextField {...parts} {...shared} />}
      />
    );
  if (name === "sex" || name === "smoker")
    return (
      <TextField {...shared} select value={value} onChange={({ target }) => onChange(target.value)}>
        {(name === "sex" ? SEXES : SMOKERS).map((each) => (
          <MenuItem key={each} value={each}>
            {t(`${name}.${each}`)}
          </MenuItem>
        ))}
      </TextField>
    );
  const inputMode = name in DIGITS ? (DIGITS[name] === 0 ? "numeric" : "decimal") : "text";
  return (
    <TextField
      {...shared}
      value={value}
      onChange={({ target }) => onChange(target.value)}
      slotProps={{ htmlInput: { inputMode, autoComplete: "off" } }}
    />
  );
}
