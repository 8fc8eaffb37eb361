//! What an endpoint asks of its traffic, decided without I/O: traffic policies, their expressions, and the decision of
//! each of their actions. The modules of binds and routes are made of the same actions.
