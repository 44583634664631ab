import { Alert, Box, Button, Card, CardContent, Stack, Typography } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "../../components/Failure";
import { TextLink } from "../../components/LinkButton";
import { Problem } from "../../lib/api";
import { useArrival } from "../../lib/arrival";
import { signIn } from "./api";
import { Field } from "./Field";

interface Props {
  /** What led here: a session that has ended, or a password that was just set. */
  word: "ended" | "ready" | null;
  onSignedIn: () => void;
}

export function SignInPage({ word, onSignedIn }: Props) {
  const { t } = useTranslation("session");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [institution, setInstitution] = useState("");
  const entry = useMutation({ mutationFn: signIn, onSuccess: onSignedIn });
  const several = entry.error instanceof Problem && entry.error.status === 409;

  useArrival();
  useEffect(() => {
    document.title = `${t("title")} · FedCare`;
  }, [t]);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    entry.mutate({ email, password, institution_id: institution === "" ? null : Number(institution) });
  }

  return (
    <Box component="main" sx={{ minHeight: "100dvh", display: "grid", placeItems: "center", p: 2 }}>
      <Card sx={{ width: "100%", maxWidth: 420 }}>
        <CardContent sx={{ p: 4 }}>
          <Stack component="form" spacing={2.5} onSubmit={submit}>
            <Stack direction="row" sx={{ gap: 1.5, alignItems: "center" }}>
              <img src="/icon.svg" alt="" width={36} height={36} />
              <Typography variant="h1">FedCare</Typography>
            </Stack>
            <Typography sx={{ color: "text.secondary" }}>{t("lead")}</Typography>
            {word && !entry.error && <Alert severity={word === "ready" ? "success" : "info"}>{t(word)}</Alert>}
            {entry.error && <Failure error={entry.error} />}
            <Field
              label={t("email")}
              type="email"
              autoComplete="username"
              required
              autoFocus
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
            <Field
              label={t("password")}
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
            {(several || institution !== "") && (
              <Field
                label={t("institution")}
                inputMode="numeric"
                pattern="[0-9]*"
                value={institution}
                onChange={(event) => setInstitution(event.target.value.replace(/\D/g, ""))}
              />
            )}
            <Button type="submit" variant="contained" size="large" loading={entry.isPending}>
              {t("signIn")}
            </Button>
            <TextLink to="/welcome" sx={{ alignSelf: "center" }}>
              {t("invited")}
            </TextLink>
          </Stack>
        </CardContent>
      </Card>
    </Box>
  );
}
