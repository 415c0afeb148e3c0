"""What any INDI driver needs: the wire to indiserver, its XML, properties, and devices that have some."""
