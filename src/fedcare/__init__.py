"""FedCare: hospitals train one model together without moving a patient record."""
