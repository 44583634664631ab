import { Button, Link } from "@mui/material";
import { createLink } from "@tanstack/react-router";

/** A button that leads to a page, and a link in a text: both are real links, so they open in a new tab as well. */
export const LinkButton = createLink(Button);
export const TextLink = createLink(Link);
