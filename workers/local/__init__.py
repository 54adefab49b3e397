"""Everything on one machine: embedded servers, the supervisor of the steps, and what up, replay and demo share."""
