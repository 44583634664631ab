import { Box, Card, CardContent, Typography } from "@mui/material";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { Icon, type IconName } from "../../components/Icon";

interface Props extends Pick<LinkProps, "to" | "search"> {
  icon: IconName;
  title: string;
  children: ReactNode;
}

/** How one thing stands; all of the card leads to its page, by a link that says no more than its name. */
export function Glance({ icon, title, children, ...target }: Props) {
  return (
    <Card component="section" sx={CARD}>
      <CardContent sx={{ display: "flex", flexDirection: "column", gap: 0.75 }}>
        <Box sx={{ display: "flex", alignItems: "center", gap: 1, color: "text.secondary" }}>
          <Icon name={icon} size={20} />
          <Typography variant="h3" component="h2" sx={{ fontSize: "0.9rem" }}>
            <Link {...target}>{title}</Link>
          </Typography>
        </Box>
        {children}
      </CardContent>
    </Card>
  );
}

/** The one thing to see. */
export function Main({ children }: { children: ReactNode }) {
  return <Typography sx={{ fontSize: "1.6rem", fontWeight: 650, lineHeight: 1.2, overflowWrap: "anywhere" }}>{children}</Typography>;
}

/** What belongs to it. */
export function Aside({ children }: { children: ReactNode }) {
  return (
    <Typography variant="body2" sx={{ color: "text.secondary", overflowWrap: "anywhere" }}>
      {children}
    </Typography>
  );
}

const CARD = {
  position: "relative",
  transition: "border-color 120ms",
  "&:hover": { borderColor: "primary.main" },
  "&:focus-within": { outline: "2px solid", outlineColor: "primary.main", outlineOffset: 2 },
  "& a": { color: "inherit", textDecoration: "none", outline: "none" },
  "& a::after": { content: '""', position: "absolute", inset: 0 },
} as const;
