import { Box, Button, Typography } from "@mui/material";
import { useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";

import { format } from "../../lib/i18n";

interface Props {
  file: File | null;
  busy: boolean;
  onFile: (file: File) => void;
}

/** A place to drop a file on, with a button for those who choose it. */
export function FileDrop({ file, busy, onFile }: Props) {
  const { t } = useTranslation("patients");
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);

  function drop(event: DragEvent): void {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped) onFile(dropped);
  }

  return (
    <Box
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      sx={{
        border: 2,
        borderStyle: "dashed",
        borderColor: over ? "primary.main" : "divider",
        borderRadius: 2,
        p: 3,
        textAlign: "center",
      }}
    >
      <Typography sx={{ mb: 1.5, overflowWrap: "anywhere" }}>
        {file ? t("import.chosen", { name: file.name, size: format().bytes(file.size) }) : t("import.drop")}
      </Typography>
      <Button variant={file ? "outlined" : "contained"} loading={busy} onClick={() => input.current?.click()}>
        {file ? t("import.chooseOther") : t("import.choose")}
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={t("import.choose")}
        accept=".csv,.gz,text/csv,application/gzip"
        onChange={({ target }) => {
          const chosen = target.files?.[0];
          // The same file, corrected, can be chosen once more.
          target.value = "";
          if (chosen) onFile(chosen);
        }}
      />
    </Box>
  );
}
