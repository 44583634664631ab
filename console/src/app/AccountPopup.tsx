import { Divider, ListSubheader, Menu, MenuItem, Typography, type MenuItemProps } from "@mui/material";
import { useColorScheme } from "@mui/material/styles";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { Failure } from "../components/Failure";
import { signOut } from "../features/session/api";
import { chooseLanguage, LANGUAGES, type Language } from "../lib/i18n";
import { queries } from "../lib/query";
import { useMe } from "../lib/session";
import { tellTabs } from "../lib/tabs";

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
      tellTabs("signed out");
      queries.clear();
      await navigate({ to: "/sign-in", search: {} });
    },
  });

  function showTour(): void {
    onClose();
    void navigate({ to: "/", search: { tour: true } });
  }

  return (
    <Menu anchorEl={anchor} open={anchor !== null} onClose={onClose} aria-label={t("menu.account")}>
      <ListSubheader role="presentation" sx={PERSON}>
        <Typography sx={{ color: "text.primary", fontWeight: 600 }}>{me.name}</Typography>
        <Typography variant="body2">
          {t(`roles.${me.role}`)}
          {me.institution && ` · ${me.institution}`}
        </Typography>
        <Typography variant="body2">{me.email}</Typography>
      </ListSubheader>
      <Divider />
      {Object.entries(LANGUAGES).map(([language, name]) => (
        <Choice
          key={language}
          chosen={i18n.resolvedLanguage === language}
          onChoose={() => void chooseLanguage(language as Language)}
        >
          {name}
        </Choice>
      ))}
      <Divider />
      {SCHEMES.map((scheme) => (
        <Choice key={scheme} chosen={mode === scheme} onChoose={() => setMode(scheme)}>
          {t(`scheme.${scheme}`)}
        </Choice>
      ))}
      <Divider />
      {leaving.error && (
        <ListSubheader role="presentation" sx={PERSON}>
          <Failure error={leaving.error} />
        </ListSubheader>
      )}
      <MenuItem onClick={showTour}>{t("menu.tour")}</MenuItem>
      <MenuItem onClick={() => leaving.mutate(false)}>{t("signOut")}</MenuItem>
      <MenuItem onClick={() => leaving.mutate(true)}>{t("signOutEverywhere")}</MenuItem>
    </Menu>
  );
}

/** One of several of which one counts. */
function Choice({ chosen, onChoose, children, ...item }: { chosen: boolean; onChoose: () => void } & MenuItemProps) {
  return (
    <MenuItem {...item} role="menuitemradio" aria-checked={chosen} selected={chosen} onClick={onChoose}>
      {children}
    </MenuItem>
  );
}

const PERSON = { lineHeight: 1.5, py: 1 } as const;
