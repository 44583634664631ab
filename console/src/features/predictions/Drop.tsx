import { Box, Button, Typography } from "@mui/material";
import { useId, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  accept: string;
  label: string;
  onFile: (file: File) => void;
}

/** A place to drop a file on, or to choose one by hand. */
export function Drop({ accept, label, onFile }: Props) {
  const { t } = useTranslation("predictions");
  const id = useId();
  const [over, setOver] = useState(false);
  function drop(event: DragEvent): void {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) onFile(file);
  }
  function hover(event: DragEvent): void {
    event.preventDefault();
    setOver(true);
  }
  return (
    <Box
      onDragOver={hover}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      sx={{
        border: "2px dashed",
        borderColor: over ? "primary.main" : "divider",
        bgcolor: over ? "action.hover" : "transparent",
        borderRadius: 2,
        p: 3,
        display: "grid",
        justifyItems: "center",
        gap: 1.5,
      }}
    >
      <Typography id={id} sx={{ textAlign: "center" }}>
        {label}
      </Typography>
      <Button component="label" variant="outlined" sx={{ "&:focus-within": { outline: 2, outlineOffset: 2 } }} role={undefined} tabIndex={-1}>
        {t("drop.choose")}
        <input
          type="file"
          accept={accept}
          aria-labelledby={id}
          style={{ position: "absolute", inset: 0, opacity: 0, cursor: "pointer" }}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) onFile(file);
            // The same file, mended, can be chosen once more.
            event.target.value = "";
          }}
        />
      </Button>
    </Box>
  );
}
