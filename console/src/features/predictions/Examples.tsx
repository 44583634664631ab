import { ButtonBase, Stack, Typography } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Failure } from "../../components/Failure";

interface Props {
  task: string;
  onFile: (file: File) => void;
}

/** Made by the task's own generator, nobody's: `TASK-NUMBER.png`. */
const FILES = import.meta.glob<string>("./examples/*.png", { eager: true, query: "?url", import: "default" });
const SIDE = 64;

/** For who has no image at hand: some to try, where the task has any. */
export function Examples({ task, onFile }: Props) {
  const { t } = useTranslation("predictions");
  const taking = useMutation({ mutationFn: fetched, onSuccess: onFile });
  const own = Object.entries(FILES).filter(([path]) => path.startsWith(`./examples/${task}-`));
  if (own.length === 0) return null;
  return (
    <Stack spacing={1}>
      <Typography variant="body2" sx={{ color: "text.secondary" }}>
        {t("image.examples")}
      </Typography>
      <Stack direction="row" spacing={1.5}>
        {own.map(([path, address], place) => (
          <ButtonBase
            key={path}
            focusRipple
            onClick={() => taking.mutate(address)}
            sx={{ borderRadius: 1, overflow: "hidden", "&.Mui-focusVisible, &:hover": { outline: 3, outlineColor: "primary.main", outlineOffset: 2 } }}
          >
            <img src={address} width={SIDE} height={SIDE} alt={t("image.example", { number: place + 1 })} />
          </ButtonBase>
        ))}
      </Stack>
      {taking.error && <Failure error={taking.error} />}
    </Stack>
  );
}

async function fetched(address: string): Promise<File> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`the example could not be read: ${answer.status}`);
  return new File([await answer.blob()], "example.png", { type: "image/png" });
}
