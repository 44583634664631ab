import { Alert, Button, FormControlLabel, Radio, Stack, Table, TableBody, TableCell, TableContainer, TableHead, TableRow } from "@mui/material";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { Patient } from "../../api-client/schema";
import { decimalSign } from "../../lib/decimal";
import { format } from "../../lib/i18n";
import { typedOf, type FieldName, type Typed } from "./fields";
import { differences, merged, proposal, type Side } from "./merge";

interface Props {
  /** The state that I began from. */
  before: Patient;
  mine: Typed;
  theirs: Patient;
  onChosen: (typed: Typed) => void;
  onTheirs: () => void;
}

/** Somebody else saved the record in between: my values beside theirs, to choose from field by field. */
export function LostUpdate({ before, mine, theirs, onChosen, onTheirs }: Props) {
  const { t } = useTranslation("patients");
  const stored = typedOf(theirs, decimalSign());
  const fields = differences(mine, stored);
  const [choice, setChoice] = useState(() => proposal(typedOf(before, decimalSign()), mine, stored));
  const when = format().moment(theirs.updated_at);
  return (
    <Stack spacing={2}>
      <Alert severity="warning">{fields.length > 0 ? t("lost.text", { when }) : t("lost.same", { when })}</Alert>
      {fields.length > 0 && (
        <TableContainer>
          <Table size="small" aria-label={t("lost.label")}>
            <TableHead>
              <TableRow>
                <TableCell>{t("lost.field")}</TableCell>
                <TableCell>{t("lost.mine")}</TableCell>
                <TableCell>{t("lost.theirs")}</TableCell>
              </TableRow>
            </TableHead>
            <TableBody>
              {fields.map((name) => (
                <TableRow key={name}>
                  <TableCell component="th" scope="row">
                    {t(`fields.${name}`)}
                  </TableCell>
                  {(["mine", "theirs"] as const).map((side) => (
                    <TableCell key={side}>
                      <Option
                        name={name}
                        side={side}
                        value={(side === "mine" ? mine : stored)[name]}
                        chosen={choice[name] === side}
                        onChoose={() => setChoice({ ...choice, [name]: side })}
                      />
                    </TableCell>
                  ))}
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      <Stack direction="row" sx={{ gap: 1, flexWrap: "wrap" }}>
        {fields.length > 0 && (
          <Button variant="contained" onClick={() => onChosen(merged(mine, stored, choice))}>
            {t("lost.save")}
          </Button>
        )}
        <Button onClick={onTheirs}>{t("lost.keepTheirs")}</Button>
      </Stack>
    </Stack>
  );
}

interface OptionProps {
  name: FieldName;
  side: Side;
  value: string;
  chosen: boolean;
  onChoose: () => void;
}

function Option({ name, side, value, chosen, onChoose }: OptionProps) {
  const { t } = useTranslation("patients");
  const label = `${t(`fields.${name}`)}, ${t(`lost.${side}`)}: ${value || t("unknown")}`;
  return (
    <FormControlLabel
      control={<Radio size="small" name={name} checked={chosen} onChange={onChoose} slotProps={{ input: { "aria-label": label } }} />}
      label={value || t("unknown")}
      sx={{ fontWeight: chosen ? 600 : 400 }}
    />
  );
}
