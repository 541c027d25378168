from unfold.sites import UnfoldAdminSite


class KrakenAdminSite(UnfoldAdminSite):
    """The DPO's site."""
