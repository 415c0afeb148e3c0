"""Camera drivers for indiserver and the sky that they show, with known truth. Nothing in indistack imports this.

In process, without a server::

    from simulators.observatory import Observatory
    from simulators.scenario import Scenario, load_scenario

    observatory = Observatory(Scenario(width_px=6000, height_px=4000, cfa="RGGB", drift_px_per_sub=(1.2, -0.4)))
    light = observatory.expose()                  # .pixels .header .truth .stars .to_fits()
    dark = observatory.expose("dark", exposure_s=light.truth.exposure_s)

Under indiserver, the programs ``simulators/bin/indistack_sim_cmos`` and ``indistack_sim_dslr`` are drivers. They find
their Python by themselves: ``INDISTACK_SIM_PYTHON``, else ``.venv/bin/python`` beside this package, else ``python3``.
``simulators/gsc`` is a star catalogue for ``indi_simulator_ccd``: put its folder on indiserver's ``PATH``.

indiserver gives its drivers no arguments, so they are set up by the environment:

====================================  ==================================================================================
``INDISTACK_SIM_SCENARIO``            a TOML file, or the name of one in ``simulators/scenarios`` (default: ``demo``)
``INDISTACK_SIM_TRUTH``               file to which the truth of each frame is appended, one JSON object per line; a
                                      driver that is started again goes on after the last light in it
``INDISTACK_SIM_REPLAY``              folder whose files are sent, byte for byte, in the order of their names
``INDISTACK_SIM_REPLAY_LOOP``         ``0``: an exposure after the last file fails (default: begin again)
``INDISTACK_SIM_DEVICE``              name of the device (default: ``Indistack CMOS`` or ``Indistack DSLR``)
``INDISTACK_SIM_FOR``                 number of a process with which the driver ends, however that one was ended
``INDISTACK_SIM_LOG``                 file to which standard error goes: a driver that dies leaves no last
                                      words in that of indiserver
``INDISTACK_SIM_LOG_LEVEL``           level of the log on standard error (default: ``WARNING``)
====================================  ==================================================================================
"""
