"""An institution's resident process: outbound connections only, installed code only, nothing unapproved, all logged."""
