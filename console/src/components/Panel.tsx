import { Card, CardContent, Stack, Typography } from "@mui/material";
import { useId, type ReactNode } from "react";

interface Props {
  title?: string;
  /** A word on what the figures mean. */
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A part of a page with a name of its own. */
export function Panel({ title, hint, actions, children }: Props) {
  const id = useId();
  return (
    <Card component="section" aria-labelledby={title ? id : undefined}>
      <CardContent>
        {(title ?? actions) && (
          <Stack direction="row" sx={{ justifyContent: "space-between", alignItems: "center", flexWrap: "wrap", gap: 1, mb: hint && !actions ? 0.5 : 1 }}>
            {title && (
              <Typography variant="h2" id={id}>
                {title}
              </Typography>
            )}
            {actions}
          </Stack>
        )}
        {hint && <Typography sx={{ color: "text.secondary", mb: 1.5 }}>{hint}</Typography>}
        {children}
      </CardContent>
    </Card>
  );
}
