import { Box, Button, Typography } from "@mui/material";
import { Suspense, useState } from "react";

import { lazyPart } from "../components/lazyPart";
import { useMe } from "../lib/session";

const AccountPopup = lazyPart(() => import("./AccountPopup"));

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
          <Box sx={{ position: "absolute", top: "100%", right: 0, p: 1 }}>
            <AccountPopup anchor={anchor} onClose={() => setAnchor(null)} />
          </Box>
        </Suspense>
      )}
    </>
  );
}
