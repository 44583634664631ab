"""Who belongs to the consortium: its authority, certificates, tokens, revocations, signatures and notices."""
