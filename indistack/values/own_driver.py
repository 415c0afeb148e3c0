"""Name of the driver that shows the stack on an INDI server: what it delivers is never stacked."""

OWN_DRIVER = "indi_indistack"
