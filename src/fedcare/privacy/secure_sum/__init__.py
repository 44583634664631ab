"""Secure aggregation: the coordinator learns a sum over institutions and nothing of a single one.

After Bonawitz et al., "Practical Secure Aggregation for Privacy-Preserving Machine Learning", CCS 2017, figure 4, with
the consistency check against a coordinator that lies. ``member`` is the institution's half of the protocol and
``collector`` the coordinator's; the stages they are made of lie with both halves in one file each.
"""
