import { Button, Link, type ButtonProps } from "@mui/material";
import { createLink } from "@tanstack/react-router";

/** Without an address for the moment it stays what it is, and keeps the focus. */
function Anchor(props: ButtonProps<"a">) {
  return <Button component="a" {...props} />;
}

/** A button that leads to a page, and a link in a text: both are real links, so they open in a new tab as well. */
export const LinkButton = createLink(Anchor);
export const TextLink = createLink(Link);
