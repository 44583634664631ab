import { Button, Typography } from "@mui/material";
import { lazy, Suspense, useState } from "react";

import { useMe } from "../lib/session";

const AccountPopup = lazy(() => import("./AccountPopup"));

/** Who is signed in; what they may choose comes with the first click. */
export function AccountMenu() {
  const me = useMe();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [asked, setAsked] = useState(false);

  function open(button: HTMLElement): void {
    setAnchor(button);
    setAsked(true);
  }

  return (
    <>
      <Button
        color="inherit"
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => open(event.currentTarget)}
        sx={{ minWidth: 0 }}
      >
        <Typography component="span" noWrap sx={{ fontWeight: "inherit", fontSize: "inherit" }}>
          {me.name}
        </Typography>
      </Button>
      {asked && (
        <Suspense>
          <AccountPopup anchor={anchor} onClose={() => setAnchor(null)} />
        </Suspense>
      )}
    </>
  );
}
