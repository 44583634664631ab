import { Box, Button, Divider, Menu, MenuItem, MenuList, Typography } from "@mui/material";
import { useColorScheme } from "@mui/material/styles";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { signOut } from "../features/session/api";
import { chooseLanguage, LANGUAGES, type Language } from "../lib/i18n";
import { queries } from "../lib/query";
import { useMe } from "../lib/session";

const SCHEMES = ["light", "dark", "system"] as const;

/** Who is signed in, in which language and colours, and the way out. */
export function AccountMenu() {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const { mode, setMode } = useColorScheme();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = () => setAnchor(null);

  async function leave(): Promise<void> {
    await signOut();
    queries.clear();
    await navigate({ to: "/sign-in", search: {} });
  }

  return (
    <>
      <Button color="inherit" aria-haspopup="true" onClick={(event) => setAnchor(event.currentTarget)}>
        {me.name}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close} aria-label={t("menu.account")}>
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
        <MenuItem onClick={() => void leave()}>{t("signOut")}</MenuItem>
      </Menu>
    </>
  );
}
