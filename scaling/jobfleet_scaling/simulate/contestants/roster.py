"""All policies that the simulator compares. A new one gets a line here."""

from jobfleet_scaling.policy.need import NeedPolicy
from jobfleet_scaling.simulate.contestants.rivals import CoursesLoop, Fixed, IdleTimer, StepScaling
from jobfleet_scaling.simulate.contestants.trackers import Keda, TargetTracking
from jobfleet_scaling.simulate.contestants.window_need import WindowNeed
from jobfleet_scaling.simulate.engine.run import Contestant

SHIPPED = "shipped"
CLAIRVOYANT = "clairvoyant"

CONTESTANTS = {
    one.name: one
    for one in (
        Contestant(SHIPPED, NeedPolicy),
        Contestant("need", lambda: WindowNeed(0.0)),
        Contestant("need-root", lambda: WindowNeed(1.0)),
        Contestant("idle-timer", IdleTimer),
        Contestant("keda", Keda, period=30),
        Contestant("target-tracking", TargetTracking, period=60, lags=True),
        Contestant("step", StepScaling, period=60, lags=True),
        Contestant("course", CoursesLoop, kills=True),
        Contestant("fixed", Fixed),
    )
}
