import { Alert, Box, Button, Card, CardContent, Stack, Typography } from "@mui/material";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState, type SubmitEvent } from "react";
import { useTranslation } from "react-i18next";

import { Failure } from "../../components/Failure";
import { useArrival } from "../../lib/arrival";
import { accept } from "./api";
import { Field } from "./Field";

const LEAST_LENGTH = 12;

/**
 * Whoever was invited chooses a password. The invitation stands behind the #, which no browser sends to a server; the
 * consortium's first administrator, whose token the gateway printed, also says who they are.
 */
export function WelcomePage({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("session");
  const [token, setToken] = useState(() => location.hash.slice(1));
  const [handedOver] = useState(token !== "");
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [first, setFirst] = useState(false);
  const accepting = useMutation({ mutationFn: accept, onSuccess: onDone });
  const differs = repeated !== "" && repeated !== password;

  useArrival();
  useEffect(() => {
    document.title = `${t("welcome.title")} · FedCare`;
  }, [t]);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (password === repeated) {
      accepting.mutate({ token: token.trim(), password, ...(first ? { email, name } : {}) });
    }
  }

  return (
    <Box component="main" sx={{ minHeight: "100dvh", display: "grid", placeItems: "center", p: 2 }}>
      <Card sx={{ width: "100%", maxWidth: 460 }}>
        <CardContent sx={{ p: 4 }}>
          <Stack component="form" spacing={2.5} onSubmit={submit}>
            <Typography variant="h1">{t("welcome.title")}</Typography>
            <Typography sx={{ color: "text.secondary" }}>{t(first ? "welcome.first" : "welcome.lead")}</Typography>
            {accepting.error && <Failure error={accepting.error} />}
            {!handedOver && (
              <Field label={t("welcome.token")} required value={token} onChange={(event) => setToken(event.target.value)} />
            )}
            {first && (
              <>
                <Field label={t("welcome.name")} required value={name} onChange={(event) => setName(event.target.value)} />
                <Field
                  label={t("email")}
                  type="email"
                  autoComplete="username"
                  required
                  value={email}
                  onChange={(event) => setEmail(event.target.value)}
                />
              </>
            )}
            <Field
              label={t("welcome.password")}
              helperText={t("welcome.long", { count: LEAST_LENGTH })}
              type="password"
              autoComplete="new-password"
              required
              minLength={LEAST_LENGTH}
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
            <Field
              label={t("welcome.repeat")}
              type="password"
              autoComplete="new-password"
              required
              error={differs}
              helperText={differs ? t("welcome.differs") : undefined}
              value={repeated}
              onChange={(event) => setRepeated(event.target.value)}
            />
            {!handedOver && (
              <Button size="small" onClick={() => setFirst(!first)} sx={{ alignSelf: "flex-start" }}>
                {t(first ? "welcome.notFirst" : "welcome.isFirst")}
              </Button>
            )}
            {accepting.isSuccess && <Alert severity="success">{t("welcome.done")}</Alert>}
            <Button type="submit" variant="contained" size="large" loading={accepting.isPending}>
              {t("welcome.action")}
            </Button>
          </Stack>
        </CardContent>
      </Card>
    </Box>
  );
}
