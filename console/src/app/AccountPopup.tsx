import { Box, Divider, Menu, MenuItem, MenuList, Typography } from "@mui/material";
import { useColorScheme } from "@mui/material/styles";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Failure } from "../components/Failure";
import { signOut } from "../features/session/api";
import { chooseLanguage, LANGUAGES, type Language } from "../lib/i18n";
import { queries } from "../lib/query";
import { useMe } from "../lib/session";

const SCHEMES = ["light", "dark", "system"] as const;

interface Props {
  anchor: HTMLElement | null;
  onClose: () => void;
}

/** The account's menu: who is signed in, in which language and colours, and the ways out. */
export default function AccountPopup({ anchor, onClose }: Props) {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const { mode, setMode } = useColorScheme();
  const leaving = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      queries.clear();
      await navigate({ to: "/sign-in", search: {} });
    },
  });
  return (
    <Menu anchorEl={anchor} open={anchor !== null} onClose={onClose} aria-label={t("menu.account")}>
      <Box sx={{ px: 2, py: 1 }}>
        <Typography sx={{ fontWeight: 600 }}>{me.name}</Typography>
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {t(`roles.${me.role}`)}
          {me.institution && ` · ${me.institution}`}
        </Typography>
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          {me.email}
        </Typography>
      </Box>
      <Divider />
      <MenuList aria-label={t("language")}>
        {Object.entries(LANGUAGES).map(([language, name]) => (
          <MenuItem
            key={language}
            selected={i18n.resolvedLanguage === language}
            onClick={() => void chooseLanguage(language as Language)}
          >
            {name}
          </MenuItem>
        ))}
      </MenuList>
      <Divider />
      <MenuList aria-label={t("scheme.label")}>
        {SCHEMES.map((scheme) => (
          <MenuItem key={scheme} selected={mode === scheme} onClick={() => setMode(scheme)}>
            {t(`scheme.${scheme}`)}
          </MenuItem>
        ))}
      </MenuList>
      <Divider />
      {leaving.error && <Failure error={leaving.error} />}
      <MenuItem onClick={() => leaving.mutate(false)}>{t("signOut")}</MenuItem>
      <MenuItem onClick={() => leaving.mutate(true)}>{t("signOutEverywhere")}</MenuItem>
    </Menu>
  );
}
